"""Elements of the page. The tree is written by the standard library, which escapes every text in it."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

Child = Element | str


def element(tag: str, *children: Child, **attributes: str) -> Element:
    """An element; the name of an attribute has - for _, and none at its end: `class_`, `aria_label`."""
    made = Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            made.append(child)
            last = child
        elif last is None:
            made.text = (made.text or "") + child
        else:
            last.tail = (last.tail or "") + child
    return made


def page(title: str, style: str, *body: Child) -> str:
    """A whole page. Its policy forbids the browser to load anything at all, be it from here or elsewhere."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'",
        ),
        element("title", title),
        element("style", style),
    )
    for each in head:
        each.tail = "\n"
    tree = element("html", head, element("body", *body), lang="en")
    return "<!doctype html>\n" + ElementTree.tostring(tree, encoding="unicode", method="html") + "\n"
