"""The office's workbook read: its content, or every fault in it with its sheet and cell. Pure."""

import json
from collections.abc import Mapping

from services.routing.faults import Fault, OfficeFaulty
from services.routing.office.file import OfficeFile
from services.routing.office.from_sheets import content_from
from services.routing.office.lines import Rows
from services.routing.office.reading import CheckRules, read_office


def read_sheets(workbook: Mapping[str, Rows], check_rules: CheckRules) -> OfficeFile:
    """Raises OfficeFaulty with the faults of cells that cannot be read, and of what the others say together."""
    read = content_from(workbook)
    told = {each.pointer for each in read.faults}
    try:
        file = read_office(json.dumps(read.content), check_rules)
    except OfficeFaulty as faulty:
        found = [Fault(read.place_of(each.pointer), each.detail) for each in faulty.faults]
        raise OfficeFaulty([*read.faults, *(each for each in found if each.pointer not in told)]) from faulty
    if read.faults:
        raise OfficeFaulty(read.faults)
    return file
