"""A Vega-Lite specification as an SVG element. https://vega.github.io/vega-lite https://github.com/vega/vl-convert

The whole of Vega runs in vl-convert's own JavaScript engine: no browser, no other program, no network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from aim_runtime.errors import ToolMissing

_VERSION = "6.4"
_NAMESPACE = "{http://www.w3.org/2000/svg}"
_LONG = re.compile(r"-?\d+\.\d{2,}")
# What the page says once for all plots, or what says nothing.
_NEEDLESS = (
    *("aria-hidden", "aria-label", "aria-roledescription", "role", "class"),
    *("font-family", "pointer-events", "stroke-miterlimit"),
)
_DEFAULTS = {"opacity": "1", "stroke-width": "1", "fill-opacity": "1", "text-anchor": "start"}


def draw(specification: Mapping[str, Any], title: str) -> Element:
    """The plot, with `title` for who cannot see it; raises ToolMissing.

    Its texts stay texts, in the font of the page; where the mouse rests on a mark, its description is seen.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise ToolMissing(
            "the plots of a report need vl-convert-python, which is not installed",
            hint="pip install 'aim-runtime[report]'",
        ) from error
    # No address is allowed: a specification has its data in itself.
    text = vl_convert.vegalite_to_svg(dict(specification), vl_version=_VERSION, allowed_base_urls=[])
    picture = Element("svg", {"viewBox": (read := ElementTree.fromstring(text)).attrib["viewBox"]})
    picture.attrib.update({"role": "img", "aria-label": title, "fill": "none"})
    picture.extend(_lean(read))
    return picture


def _lean(parent: Element) -> Iterator[Element]:
    """What is seen of an element's children: Vega writes for all that could be."""
    for each in parent:
        each.tag = each.tag.removeprefix(_NAMESPACE)
        if _hidden(each):
            continue
        description = each.get("aria-label") if each.tag == "path" else None
        each[:] = list(_lean(each))
        each.attrib = dict(_attributes(each))
        if description:
            ElementTree.SubElement(each, "title").text = description
        if each.tag != "g" or (each.attrib and len(each)):
            yield each
        else:  # a group that does nothing
            yield from each


def _hidden(each: Element) -> bool:
    colours = {each.get("stroke"), each.get("fill")} - {None, "none", "transparent"}
    return each.get("display") == "none" or each.get("opacity") == "0" or (each.tag == "path" and not colours)


def _attributes(each: Element) -> Iterator[tuple[str, str]]:
    for name, value in each.attrib.items():
        if name in _NEEDLESS or value == _DEFAULTS.get(name):
            continue
        value = _LONG.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)
        if (name, value) != ("transform", "translate(0,0)"):
            yield name, value
