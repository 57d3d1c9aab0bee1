"""Parts of a source's README as HTML: raw HTML in it stays text, links lead from the page to the same places."""

import posixpath
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

_SCROLLS = '<div class="scroll" role="region" tabindex="0" aria-label="Table">'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", _close_table)
    parser.add_render_rule("image", _no_image)
    return parser


def _open_table(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return f"{_SCROLLS}<table>"


def _close_table(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return "</table></div>\n"


def _no_image(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """The page loads nothing from beside it: an image becomes its text."""
    return f"[{self.renderInlineAsText(tokens[index].children, options, env)}]"


def to_html(text: str, base: str, deeper: int = 0) -> Markup:
    """A Markdown text as HTML.

    Args:
        text: the Markdown.
        base: path from the page's folder to that of the text, for its links.
        deeper: by how many levels its headings are lowered.
    """
    parser = _parser()
    return _render(parser, parser.parse(text), base, deeper)


def section(text: str, title: str, base: str, deeper: int = 0) -> Markup | None:
    """What stands under the heading `## title`, without the heading; None if there is none."""
    parser = _parser()
    tokens = parser.parse(text)
    heads = [index for index, token in enumerate(tokens) if token.type == "heading_open" and token.tag in ("h1", "h2")]
    start = next((index for index in heads if tokens[index + 1].content == title), None)
    if start is None:
        return None
    end = next((index for index in heads if index > start), len(tokens))
    return _render(parser, tokens[start + 3 : end], base, deeper)


def _render(parser: MarkdownIt, tokens: list[Token], base: str, deeper: int) -> Markup:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + deeper)}"
        if token.type == "th_open":
            token.attrSet("scope", "col")
        for child in token.children or []:
            if child.type == "link_open":
                child.attrSet("href", moved(str(child.attrGet("href")), base))
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def moved(link: str, base: str) -> str:
    """A link relative to `base` as one relative to the page; others stay."""
    if "://" in link or link.startswith(("/", "mailto:")):
        return link
    path, hash_, place = link.partition("#")
    target = posixpath.normpath(posixpath.join(base, path or "README.md"))
    return target + ("/" if path.endswith("/") else "") + hash_ + place
