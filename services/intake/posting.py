"""Devices post: a document that arrives, or one that is issued. Its bytes are safe before it gets a number."""

import hashlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from fastapi import Request, Response
from uuid_utils import uuid7

from services.chassis.auth import Staff, credential_of, forbidden
from services.chassis.errors import Problem
from services.chassis.trace import followed_traceparent
from services.events import Direction
from services.intake.device_keys import DeviceKeys
from services.intake.documents import Arrival, StoredFile, address, answer
from services.intake.files import Draft, Files
from services.intake.judging import Judge, as_problem, body_of, sender_key_of
from services.intake.keys import Device
from services.intake.metadata import Fault, IncomingMetadata, InvalidMetadata, IssuedMetadata, judge, kept
from services.intake.numbering import QpplOfTheOffice, outgoing_book
from services.intake.pacing import Pace, busy
from services.intake.places import NoPlace, Places
from services.intake.settings import IntakeSettings
from services.intake.uploads import Received, Upload, expected_digest, wrong_digest
from services.intake.writer import Numbered, Writer

Said = IncomingMetadata | IssuedMetadata


class Posting:
    def __init__(
        self,
        settings: IntakeSettings,
        device_keys: DeviceKeys,
        judge: Judge,
        files: Files,
        writer: Writer,
        staff: Staff,
    ) -> None:
        self._settings = settings
        self._device_keys = device_keys
        self._judge = judge
        self._files = files
        self._writer = writer
        self._staff = staff
        self._places = Places(settings.max_uploads)

    async def document(self, request: Request) -> Response:
        device = await self._device(request, Direction.INCOMING)
        return await self._post(request, device, IncomingMetadata, file_needed=True)

    async def issued(self, request: Request) -> Response:
        device = await self._device(request, Direction.OUTGOING)
        return await self._post(request, device, IssuedMetadata, file_needed=False)

    async def _device(self, request: Request, direction: Direction) -> Device:
        device = await self._device_keys.device_of(credential_of(request))
        if device is None:
            await self._staff.viewer(request)
            raise forbidden("post documents", "in charge of devices for a device key")
        if device.direction is not direction:
            raise forbidden(
                f"use the {direction.value} door", f"in charge of devices for a key of the {direction.value} door"
            )
        return device

    async def _post(self, request: Request, device: Device, model: type[Said], *, file_needed: bool) -> Response:
        key = sender_key_of(request)
        self._writer.check_room()
        document_id = str(uuid7())
        draft = self._files.begin(device.office, document_id)

        async def judged(text: bytes, pointer: str = "/metadata") -> Said:
            metadata = await self._judge.metadata(model, text, device.office, device.device, pointer=pointer)
            with as_problem(pointer):
                judge(metadata.faults(self._judge.today()))
                _check_book(device, metadata)
            return metadata

        pace = self._pace()
        with self._place(device, pace):
            if not file_needed and request.headers.get("content-type", "").startswith("application/json"):
                expected = expected_digest(request)
                text = await body_of(request, pace)
                if expected not in {None, hashlib.sha256(text).digest()}:
                    raise wrong_digest()
                received: Received[Said] = Received(await judged(text, ""), None)
            else:
                received = await self._upload(request, device, judged, draft, pace, file_needed=file_needed).receive()
        numbered = await self._number(self._arrival(document_id, device, received, key), draft)
        return _answered(numbered)

    def _pace(self) -> Pace:
        return Pace(
            self._settings.upload_deadline_seconds,
            slow_seconds=self._settings.upload_slow_seconds,
            least_bytes_per_second=self._settings.upload_least_bytes_per_second,
        )

    @contextmanager
    def _place(self, device: Device, pace: Pace) -> Iterator[None]:
        """Raises Problem 503 while too many bodies are on their way in and none of them has to give way."""
        try:
            with self._places.taken((device.office, device.device), pace):
                yield
        except NoPlace:
            raise busy() from None

    def _upload(
        self,
        request: Request,
        device: Device,
        judged: Callable[[bytes], Awaitable[Said]],
        draft: Draft,
        pace: Pace,
        *,
        file_needed: bool,
    ) -> Upload[Said]:
        async def refuse_name(name: str) -> None:
            await self._judge.file_name(name, device.office, device.device)

        max_bytes = self._settings.max_document_bytes
        return Upload(request, judged, refuse_name, draft, pace, max_bytes=max_bytes, file_needed=file_needed)

    def _arrival(self, document_id: str, device: Device, received: Received[Said], key: str | None) -> Arrival:
        dumped = received.metadata.model_dump(mode="json")
        return Arrival(
            document_id=document_id,
            office=device.office,
            book=_book(device, received.metadata),
            direction=device.direction,
            device=device.device,
            body=device.body,
            description=kept(self._with_days(dumped, device.direction)),
            file=received.file,
            fingerprint=fingerprint(received.metadata.model_dump(mode="json", exclude_defaults=True), received.file),
            idempotency_key=key,
            traceparent=followed_traceparent(),
        )

    def _with_days(self, dumped: dict[str, Any], direction: Direction) -> dict[str, Any]:
        """What is not said happened today; an outgoing document counts by the day that it bears."""
        today = self._judge.today().isoformat()
        if direction is Direction.INCOMING:
            return dumped | {"arrived_on": dumped["arrived_on"] or today}
        day = dumped["document_date"] or today
        return dumped | {"document_date": day, "arrived_on": day}

    async def _number(self, arrival: Arrival, draft: Draft) -> Numbered:
        """The file stays whenever the number may have been given: an orphan is swept, a lost file is lost."""
        try:
            numbered = await self._writer.register(arrival, draft.let_go)
        except Problem:
            await draft.discard()
            raise
        if numbered.repeated:
            await draft.discard()
        return numbered


def _book(device: Device, metadata: Said) -> str:
    if isinstance(metadata, IncomingMetadata):
        return device.book
    return outgoing_book(device.book, metadata.qppl_kind)


def _check_book(device: Device, metadata: Said) -> None:
    try:
        _book(device, metadata)
    except QpplOfTheOffice:
        raise InvalidMetadata(Fault("/kind", "is issued by the People's Committee, not by its Office")) from None


def fingerprint(metadata: dict[str, Any], file: StoredFile | None) -> str:
    """Of what the sender said, without any default (a release may bring new ones), and of the bytes."""
    text = orjson.dumps([metadata, file.sha256 if file else None], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


def _answered(numbered: Numbered) -> Response:
    headers = {"Location": address(numbered.row["_id"])}
    if numbered.repeated:
        headers["Idempotent-Replayed"] = "true"
    return Response(orjson.dumps(answer(numbered.row)), 201, headers, "application/json")
