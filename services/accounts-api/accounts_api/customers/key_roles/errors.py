from shared.errors import Conflict, NotFound


class KeyRoleNotFound(NotFound):
    title = "There is no such key role"


class KeyRoleTaken(Conflict):
    code = "key_taken"
    title = "There is a key role with this key"


class SeveralHold(Conflict):
    code = "several_holders"
    title = "On some accounts several members hold this role"


class PlanNotFound(NotFound):
    code = "planned_holding_not_found"
    title = "No such holding is planned"
