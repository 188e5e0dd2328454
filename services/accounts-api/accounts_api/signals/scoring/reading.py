"""The definitions of a score out of their document, or everything that is wrong with them."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

from accounts_api.signals.scoring.definition import (
    Band,
    Bands,
    Cap,
    Definition,
    FromChildren,
    Group,
    Label,
    Linear,
    Measure,
    PointsRule,
    ValuePoints,
)
from accounts_api.signals.scoring.reach import score_range
from accounts_api.signals.scoring.schemas import (
    BandIn,
    FromChildrenIn,
    HealthDefinitionIn,
    LabelIn,
    LinearIn,
    MeasureGroupIn,
    MeasureIn,
    PointsIn,
)
from shared.errors import Fault
from shared.keys import key_of

MOST_MEASURES: Final = 40
_KINDS: Final = ("bands", "linear", "values")


def read_definitions(
    documents: Sequence[HealthDefinitionIn], pointer: str = "/definitions"
) -> tuple[list[Definition], list[Fault]]:
    """Every definition in its order, or none and all faults. What inputs, rules and segments name
    is not looked at here.
    """
    reader = _Reader()
    read = [
        reader.definition(document, f"{pointer}/{place}")
        for place, document in enumerate(documents)
    ]
    reader.unique((each.key for each in read), pointer, "key", "definition")
    reader.order(documents, pointer)
    return ([], reader.faults) if reader.faults else (read, [])


def exact(number: float) -> Decimal:
    """The number as it was written, not as the machine keeps it."""
    return Decimal(repr(number)).normalize()


class _Reader:
    """Reads on behind a fault, with something in its place that makes no further ones."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, pointer: str, code: str, message: str) -> None:
        self.faults.append(Fault(pointer, code, message))

    def definition(self, document: HealthDefinitionIn, at: str) -> Definition:
        before = len(self.faults)
        labels = self.labels(document.labels, f"{at}/labels")
        groups = self.groups(document, at)
        read = Definition(
            document.key or key_of(document.title, "definition"),
            document.title,
            document.segment_id,
            labels,
            groups,
            tuple(Cap(cap.title, cap.when, cap.at_most) for cap in document.caps),
            document.minimum_weight,
            _from_children(document.from_children),
        )
        self.unique((cap.title for cap in read.caps), f"{at}/caps", "title", "cap")
        if len(self.faults) == before:
            self.reachable(read, f"{at}/labels")
        return read

    def labels(self, labels: Sequence[LabelIn], at: str) -> tuple[Label, ...]:
        self.unique((label.key for label in labels), at, "key", "label")
        if labels[0].start != 0:
            self.fault(f"{at}/0/from", "bad_bounds", "The first label begins at 0.")
        for place, (one, other) in enumerate(pairwise(labels), 1):
            if other.start <= one.start:
                message = (
                    f"Labels ascend: this one begins above {one.start}, where {one.key!r} does."
                )
                self.fault(f"{at}/{place}/from", "labels_not_ascending", message)
        return tuple(Label(label.key, label.start, label.tone) for label in labels)

    def groups(self, document: HealthDefinitionIn, at: str) -> tuple[Group, ...]:
        if document.from_children is not None:
            if document.groups:
                message = "A definition has `groups` or `from_children`; leave one out."
                self.fault(f"{at}/groups", "one_of", message)
            return ()
        if not document.groups:
            self.fault(f"{at}/groups", "no_measures", "Name at least one measure.")
        self.unique((group.key for group in document.groups), f"{at}/groups", "key", "group")
        paths = [
            (f"{at}/groups/{first}/measures/{second}/key", measure.key)
            for first, group in enumerate(document.groups)
            for second, measure in enumerate(group.measures)
        ]
        self.unique_at(paths, "measure")
        if len(paths) > MOST_MEASURES:
            message = (
                f"A definition has at most {MOST_MEASURES} measures; this one has {len(paths)}."
            )
            self.fault(f"{at}/groups", "too_many", message)
        return tuple(
            self.group(group, f"{at}/groups/{place}") for place, group in enumerate(document.groups)
        )

    def group(self, group: MeasureGroupIn, at: str) -> Group:
        if not group.measures:
            self.fault(f"{at}/measures", "no_measures", "Name at least one measure.")
        measures = tuple(
            self.measure(measure, f"{at}/measures/{place}")
            for place, measure in enumerate(group.measures)
        )
        return Group(group.key, self.weight(group.weight, at), measures, group.mode)

    def measure(self, measure: MeasureIn, at: str) -> Measure:
        skipped = measure.when_null == "skip"
        return Measure(
            measure.key,
            measure.input,
            self.weight(measure.weight, at),
            self.points_rule(measure.points, f"{at}/points"),
            None if skipped else self.points(float(measure.when_null), f"{at}/when_null"),
            measure.not_actionable,
        )

    def weight(self, weight: int, at: str) -> int:
        if weight < 1:
            self.fault(f"{at}/weight", "weight_not_positive", "A weight is above 0.")
        return max(weight, 1)

    def points(self, points: float, at: str) -> int:
        hundredths = exact(points) * 100
        if hundredths != int(hundredths):
            self.fault(at, "bad_bounds", "Points have at most two decimals.")
        return int(hundredths)

    def points_rule(self, given: PointsIn, at: str) -> PointsRule:
        kinds = [kind for kind in _KINDS if getattr(given, kind) is not None]
        if len(kinds) != 1:
            message = "Send one of `bands`, `linear` and `values`."
            self.fault(at, "one_of", message)
        if given.values is None and given.other is not None:
            self.fault(f"{at}/other", "one_of", "`other` stands beside `values`.")
        if given.bands is not None:
            return self.bands(given.bands, f"{at}/bands")
        if given.linear is not None:
            return self.linear(given.linear, f"{at}/linear")
        values = given.values or {"": 0}
        other = None if given.other is None else self.points(given.other, f"{at}/other")
        return ValuePoints(
            tuple(
                (value, self.points(points, f"{at}/values/{_escaped(value)}"))
                for value, points in values.items()
            ),
            other,
        )

    def bands(self, bands: Sequence[BandIn], at: str) -> Bands:
        read: list[Band] = []
        latest: Decimal | None = None
        for place, band in enumerate(bands):
            start = None if band.start is None else exact(band.start)
            where = f"{at}/{place}/from"
            if place == 0 and start is not None:
                message = "The first band has no `from`: it holds all that is below the second."
                self.fault(where, "bad_bounds", message)
            elif place and start is None:
                self.fault(where, "required", "Say where the band begins.")
            elif start is not None and latest is not None and start <= latest:
                message = f"Bands ascend: this one begins above {latest:f}."
                self.fault(where, "bands_not_ascending", message)
            latest = latest if start is None else start
            read.append(Band(start, self.points(band.points, f"{at}/{place}/points")))
        return Bands(tuple(read))

    def linear(self, linear: LinearIn, at: str) -> Linear:
        start, end = exact(linear.start), exact(linear.end)
        if start == end:
            self.fault(f"{at}/to", "bad_bounds", "The ends of a scale differ.")
        return Linear(start, end)

    def reachable(self, read: Definition, at: str) -> None:
        least, most = score_range(read)
        ends = [label.start - 1 for label in read.labels[1:]] + [100]
        for place, (label, end) in enumerate(zip(read.labels, ends, strict=True)):
            if label.start > most or end < least:
                message = (
                    f"No record can be {label.key!r}: scores are from {least} to {most} with these"
                    " points. Move the label, or the points."
                )
                self.fault(f"{at}/{place}", "unreachable_label", message)

    def order(self, documents: Sequence[HealthDefinitionIn], at: str) -> None:
        """A definition that others keep from ever scoring a record is a mistake."""
        before: dict[str | None, int] = {}
        for place, document in enumerate(documents):
            where = f"{at}/{place}/segment_id"
            if None in before:
                message = f"Definition {before[None]} scores every record; put it last."
                self.fault(where, "segment_not_in_order", message)
            elif document.segment_id in before:
                message = f"Definition {before[document.segment_id]} scores this segment already."
                self.fault(where, "segment_not_in_order", message)
            before.setdefault(document.segment_id, place)

    def unique(self, names: Iterator[str], at: str, field: str, noun: str) -> None:
        paths = [(f"{at}/{place}/{field}", name) for place, name in enumerate(names)]
        self.unique_at(paths, noun)

    def unique_at(self, names: Sequence[tuple[str, str]], noun: str) -> None:
        known: set[str] = set()
        for pointer, name in names:
            if name in known:
                message = f"Another {noun} is {name!r} already."
                self.fault(pointer, "duplicate_key", message)
            known.add(name)


def _from_children(given: FromChildrenIn | None) -> FromChildren | None:
    return None if given is None else FromChildren(**given.model_dump())


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
