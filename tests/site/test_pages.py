"""The pages: all that should be there are, they load, and their links lead somewhere."""

import re
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import pytest

import keras_attn
from docs.site import notebooks
from tests.site.conftest import PHONE, ROOT

#: One of each kind, to be looked at closely.
KINDS = [
    "",
    "quickstart/",
    "guideline/",
    "layers/",
    "layers/csa/",
    "replication/",
    "api/layers/",
    "api/command-line/",
]


class Links(HTMLParser):
    """What a page refers to, and the names it can be referred to by."""

    def __init__(self, text):
        super().__init__()
        self.references, self.names = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.names |= {found[name] for name in ("id", "name") if name in found}
        self.references += [found[name] for name in ("href", "src") if found.get(name)]


def test_every_layer_and_every_notebook_has_a_page(addresses):
    expected = {f"layers/{key}/" for key in keras_attn.list_layers()}
    expected |= {f"tutorials/{path.stem}/" for path in notebooks.sources()}
    assert expected <= set(addresses)


def test_every_public_name_is_in_the_reference(site):
    text = "".join(path.read_text() for path in (site / "api").rglob("*.html"))
    # Of a package, the pages show what it contains.
    missing = [
        name
        for name in keras_attn.__all__
        if not re.search(rf'id="keras_attn(\.\w+)*\.{name}[".]', text)
    ]
    assert missing == ["__version__"]


def test_links_between_the_pages_lead_somewhere(site, addresses):
    pages = {address: Links((site / address / "index.html").read_text()) for address in addresses}
    broken = []
    for address, page in pages.items():
        for reference in page.references:
            target, anchor = urldefrag(urljoin(f"site://here/{address}", reference))
            if not target.startswith("site://here/"):
                continue
            place = target.removeprefix("site://here/")
            if place in pages:
                there = not anchor or anchor in pages[place].names
            else:
                there = (site / place).is_file()
            if not there:
                broken.append((address, reference))
    assert broken == []


def test_no_page_names_another_host_to_fetch_from(site, addresses):
    for address in addresses:
        text = (site / address / "index.html").read_text()
        assert "fonts.g" not in text
        assert 'src="http' not in text
        assert '<link rel="stylesheet" href="http' not in text


@pytest.mark.parametrize(
    "chosen", ["one of each kind", pytest.param("all", marks=pytest.mark.slow)]
)
def test_pages_load_without_complaint_and_fit_a_phone(tab, addresses, chosen):
    page = tab(viewport=PHONE)
    too_wide = []
    for address in addresses if chosen == "all" else KINDS:
        page.goto(address or "./")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(address)
    assert too_wide == []


@pytest.mark.parametrize(
    ("scheme", "options"),
    [("light", {}), ("dark", {"runOnly": ["color-contrast"]})],  # dark differs in colours alone
    ids=["light", "dark"],
)
def test_axe_finds_nothing_serious(tab, axe, scheme, options):
    page = tab(color_scheme=scheme)
    found = []
    for address in KINDS:
        page.goto(address or "./")
        page.evaluate(axe)
        result = page.evaluate("options => axe.run(options)", options)
        found += [
            (address, each["id"], [node["html"][:150] for node in each["nodes"][:3]])
            for each in result["violations"]
            if each["impact"] in ("serious", "critical")
        ]
    assert found == []


def test_pages_that_are_made_name_the_command_that_makes_them():
    for name in ("fidelity.md", "cost.md", "replication.md", "clusters.md", "speed.md"):
        text = (ROOT / "docs" / name).read_text()
        assert any(command in text for command in ("python -m ", "make bench")), name
