import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotAllowed
from bot.models import Capability, Person
from bot.ui.access import Access

VIEW, RESPOND, SHIP, ADMIN = Capability
ACCESS = Access(view=["Viewer"], respond=["@Responder", "4711"], ship=["Shipper"], admin=["Admin"])


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        (set(), set()),
        ({"viewer"}, {VIEW}),
        ({"responder"}, {VIEW, RESPOND}),
        ({"4711"}, {VIEW, RESPOND}),
        ({"shipper", "viewer"}, {VIEW, RESPOND, SHIP}),
        ({"admin"}, set(Capability)),
        ({"somebody"}, set()),
    ],
)
def test_a_role_by_name_or_id_carries_its_capability_and_the_lower_ones(
    roles: set[str], may: set[Capability]
) -> None:
    assert ACCESS.capabilities(frozenset(roles), False) == may


def test_an_administrator_of_the_server_may_everything() -> None:
    assert Access().capabilities(frozenset(), True) == set(Capability)


@given(st.sets(st.text(max_size=8), max_size=5))
def test_without_settings_people_may_look_and_nothing_else(roles: set[str]) -> None:
    assert Access().capabilities(frozenset(roles), False) == {VIEW}


def test_a_refusal_names_the_roles_that_would_do() -> None:
    with pytest.raises(NotAllowed) as refused:
        ACCESS.require(Person(1, "Rita", frozenset({VIEW})), RESPOND)
    assert str(refused.value) == (
        "You may not do this: it needs one of these roles: @Responder, <@&4711>, Shipper, Admin."
    )


def test_a_refusal_without_roles_names_the_setting() -> None:
    assert Access().roles_for(SHIP) == ("administrator of this server (ROLES_SHIP is not set)",)
