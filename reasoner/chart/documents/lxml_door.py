"""XML and HTML as trees of lxml, with nothing fetched and no entity expanded; the only module that imports lxml."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from reasoner.chart.documents.limits import MAX_DEPTH, not_installed
from reasoner.ground.errors import DocumentationError

if TYPE_CHECKING:
    from lxml.etree import _Element

Element: TypeAlias = "_Element"


def parse_xml(data: bytes, where: str) -> Element:
    """The root of an XML document.

    Raises:
        DocumentationError: it is not well formed, declares a document type, or nests too deep.
        UsageError: lxml is not installed.
    """
    try:
        from lxml import etree
    except ImportError:
        raise not_installed("lxml", where) from None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentationError(f"the XML is not well formed: {error}", where=where) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise DocumentationError("the XML declares a document type", where=where, mend="Save it without one")
    _refuse_deep(root, where)
    return root


def parse_html(data: bytes, where: str) -> Element:
    """The root of an HTML document; raises as `parse_xml` does. What browsers mend is mended."""
    try:
        from lxml import etree, html
    except ImportError:
        raise not_installed("lxml", where) from None
    encoding = None
    try:
        data.decode()
        encoding = "utf-8"
    except UnicodeDecodeError:
        pass  # its own declaration, else Latin-1, as libxml2 reads it
    try:
        root = html.document_fromstring(
            data, parser=html.HTMLParser(no_network=True, huge_tree=False, encoding=encoding)
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise DocumentationError(f"the HTML cannot be read: {error}", where=where) from error
    _refuse_deep(root, where)
    return root


def local(element: Element) -> str:
    """The name of an element without its namespace, in lower case; empty for comments and the like."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """The value of the attribute with a local name, whatever its namespace; empty if there is none."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return ""


def _refuse_deep(root: Element, where: str) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise DocumentationError(f"elements are nested deeper than {MAX_DEPTH}", where=where)
