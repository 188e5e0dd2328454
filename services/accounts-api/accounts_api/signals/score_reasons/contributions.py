"""What each measure adds to a score. The lines add up to the score that is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from accounts_api.signals.scoring.definition import Definition, Label
from accounts_api.signals.scoring.score import Score

_NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Contributions:
    effective_weights: tuple[Fraction, ...]
    """Of each measure; they add up to 1, and a skipped measure has none."""
    measures: tuple[Fraction, ...]
    """What each adds, in points."""
    children: Fraction
    """What the records below make, of a roll-up; it has no measures."""
    rounding: Fraction
    cap: Fraction
    """What the cap takes."""
    override: Fraction
    """What a score by hand adds, or takes."""

    @property
    def unrounded(self) -> Fraction:
        return sum(self.measures, self.children)

    @property
    def score(self) -> Fraction:
        """The score that is shown."""
        return self.unrounded + self.rounding + self.cap + self.override


@dataclass(frozen=True, slots=True)
class Distance:
    """How many points of the score lie between it and another label."""

    to: Label
    points: int


def effective_weights(definition: Definition, points: Sequence[int | None]) -> tuple[Fraction, ...]:
    """The share of each measure in the score. In a `worst` group the least has all of it, and of
    several that are alike the first.
    """
    weights = [_NOTHING] * len(points)
    present = [
        (group, [place for place in span if points[place] is not None])
        for group, span in zip(definition.groups, definition.spans(), strict=True)
    ]
    total = sum(group.weight for group, places in present if places)
    measures = definition.measures
    for group, places in present:
        if not places:
            continue
        share = Fraction(group.weight, total)
        if group.mode == "worst":
            weights[min(places, key=lambda place: (points[place] or 0, place))] = share
            continue
        within = sum(measures[place].weight for place in places)
        for place in places:
            weights[place] = share * Fraction(measures[place].weight, within)
    return tuple(weights)


def contributions(
    definition: Definition, score: Score, overridden: int | None = None
) -> Contributions | None:
    """None of a record without a score."""
    if score.score is None or score.uncapped is None:
        return None
    weights = effective_weights(definition, score.points)
    added = weighed(weights, score.points)
    children = Fraction(score.uncapped if definition.from_children else 0)
    shown = score.score if overridden is None else overridden
    return Contributions(
        weights,
        added,
        children,
        score.uncapped - sum(added, children),
        Fraction(score.score - score.uncapped),
        Fraction(shown - score.score),
    )


def weighed(weights: Sequence[Fraction], points: Sequence[int | None]) -> tuple[Fraction, ...]:
    """What each measure adds, in points."""
    return tuple(
        weight * Fraction(own or 0, 100) for weight, own in zip(weights, points, strict=True)
    )


def distances(definition: Definition, score: int) -> tuple[Distance | None, Distance | None]:
    """To the label below, and to the one above; None where there is none."""
    labels = definition.labels
    place = labels.index(definition.label_of(score))
    down = Distance(labels[place - 1], score - labels[place].start + 1) if place else None
    above = labels[place + 1 : place + 2]
    return down, Distance(above[0], above[0].start - score) if above else None
