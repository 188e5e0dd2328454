from shared.errors import Conflict, NotFound


class TraitNotFound(NotFound):
    title = "There is no such trait"


class TraitKeyTaken(Conflict):
    code = "key_taken"
    title = "This record type has a trait with this key"


class ValuesWouldBeLost(Conflict):
    code = "values_would_be_lost"
    title = "Some values cannot be converted"
