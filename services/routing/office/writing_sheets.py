"""The office's workbook written, and proved to say the same when it is read again. Pure."""

from pydantic import ValidationError

from services.routing.office.cells import Plain
from services.routing.office.file import OfficeFile
from services.routing.office.from_sheets import content_from
from services.routing.office.rule_rows import NotTabular
from services.routing.office.to_sheets import sheets_from


def sheets_of(file: OfficeFile) -> dict[str, list[list[Plain]]]:
    """Raises NotTabular where a workbook would lose something, and never loses it; an empty catalogue is nothing."""
    try:
        sheets = sheets_from(file.model_dump(mode="json"))
        same = OfficeFile.model_validate(content_from(sheets).content)
    except (KeyError, TypeError, ValidationError) as error:
        raise NotTabular("its rules are built in a way of their own") from error
    if same != file.model_copy(update={"catalogues": {name: each for name, each in file.catalogues.items() if each}}):
        raise NotTabular("it has something that a cell does not keep as it is")
    return sheets
