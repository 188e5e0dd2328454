from typing import Annotated

from fastapi import Depends, Path

from accounts_api.customers.objects.record_type import OBJECTS
from accounts_api.customers.record_routes.routes import record_router


async def _object_type(
    object_type: Annotated[
        str, Path(max_length=63, description="Key of the object type, such as `project`.")
    ],
) -> str:
    return object_type


router = record_router(OBJECTS, dependencies=[Depends(_object_type)])
