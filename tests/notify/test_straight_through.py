"""An assignment that routing says becomes a notice in somebody's inbox, over real Kafka and MongoDB."""

from services.chassis.settings import ChassisSettings
from services.events import NoticeSent
from tests.eventually import eventually
from tests.harness import speaker
from tests.notify.desk import inbox, notify_settings, open_notify, titles
from tests.notify.facts import incident, said
from tests.offices import HA_TINH, NGHE_AN


async def test_an_assignment_reaches_the_lead_and_the_co_ordinators_of_its_office(settings: ChassisSettings) -> None:
    async with (
        open_notify(notify_settings(settings)) as client,
        speaker(settings, "routing") as routing,
        speaker(settings, "intake") as intake,
    ):
        await routing.say(said(coordinators=("minh",)), said(document_id="d2", office=NGHE_AN, number=7))
        await intake.say(incident())

        async def told() -> bool:
            pages = [await inbox(client, person, office) for person, office in
                     (("hoa", HA_TINH), ("minh", HA_TINH), ("hoa", NGHE_AN), ("security", HA_TINH))]  # fmt: skip
            return all(page["notices"] for page in pages)

        await eventually(told)
        assert titles(await inbox(client, "hoa")) == ["Document 2026/00123 awaits you"]
        assert titles(await inbox(client, "minh")) == ["Document 2026/00123 needs you as a co-ordinator"]
        assert titles(await inbox(client, "hoa", NGHE_AN)) == ["Document 2026/00007 awaits you"]
        assert (await inbox(client, "minh", NGHE_AN))["notices"] == []
        assert (await inbox(client, "security", NGHE_AN))["notices"] == []
        notice = (await inbox(client, "hoa"))["notices"][0]
        assert notice["body"]["vi"] == "Về việc sửa đường. Hạn xử lý: 12/02/2026"
        assert NoticeSent.topic == "notices"
