from shared.errors import Conflict, NotFound


class SegmentNotFound(NotFound):
    code = "segment_not_found"
    title = "There is no such segment"


class SegmentTitleTaken(Conflict):
    code = "segment_title_taken"
    title = "Another segment has this title"


class SegmentPriorityTaken(Conflict):
    code = "segment_priority_taken"
    title = "Another segment of the group has this priority"


class SegmentArchived(Conflict):
    code = "segment_archived"
    title = "This segment was archived"


class RuleUnusable(Conflict):
    code = "rule_unusable"
    title = "The stored rule can no longer be used"
