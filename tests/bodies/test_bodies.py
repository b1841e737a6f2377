"""A little of the campaign; all of it: `make bodies`."""

from pathlib import Path

from tests.bodies.campaign import campaign


async def test_no_body_breaks_anything_or_leads_to_an_order_that_it_does_not_say(tmp_path: Path) -> None:
    found = await campaign(tmp_path, 200, seed=7)
    assert found.wrong == []
    assert found.orders > 10
    assert {200, 401, 422} <= set(found.statuses)
