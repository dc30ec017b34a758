"""A person, as the API shows one."""

from pydantic import BaseModel

from app.services.accounts import Person


class PersonPublic(BaseModel):
    """Somebody with an account."""

    id: str
    name: str
    is_admin: bool

    @classmethod
    def of(cls, person: Person) -> "PersonPublic":
        """As the services know them."""
        return cls(id=person.id, name=person.name, is_admin=person.is_admin)
