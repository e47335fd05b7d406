"""Give a picture, or each of a folder, more or less blur behind, or another depth in focus.

What is in focus stays as it is, and so do colours, 16 bits, EXIF data and colour profile. A map
does not tell what lies behind the focus from what lies before it: see --front. The status is 1 if a
picture was left out.
"""

from . import common
from .deblur import add_map, change_each, map_of


def add(parser):
    """Add the command's options to its parser."""
    add_map(parser)
    parser.add_argument(
        "--background", "--factor", dest="factor", metavar="FACTOR", default=2.0,
        type=common.number(float, 0, 10, "a number from 0 to 10"),
        help="how many times as wide the blur shall be: 0 puts all in focus (default 2)",
    )  # fmt: skip
    parser.add_argument(
        "--focus", type=common.count, nargs=2, metavar=("ROW", "COLUMN"),
        help="the pixel that shall be in focus (default: what is)")  # fmt: skip
    parser.add_argument("--front", action="store_true", help="the blur is before what is in focus")


def run(options):
    """Run the command; return the exit status."""
    return change_each(options, _refocusing)


def _refocusing(options):
    from .. import restore

    found, sign = map_of(options), -1 if options.front else 1
    result = {"factor": options.factor, "focus": options.focus, "sign": sign}
    place = "" if options.focus is None else " at row {}, column {}".format(*options.focus)

    def refocus(image):
        changed = restore.refocus(image, **result, **found(image))
        return changed, result, f"{options.factor:g} times the blur, focus{place or ' kept'}"

    return refocus
