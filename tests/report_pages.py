"""Reports as tests read them."""

from html.parser import HTMLParser


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)


def page_of(comparison, folder):
    return comparison.report(folder / "report.html").read_text(encoding="utf-8")
