"""Reads a feed from the standard input, and writes what it says as JSON."""
import json
import sys

sys.path.insert(0, sys.argv[1])
import feedparser  # noqa: E402

d = feedparser.parse(sys.stdin.buffer.read())


def links(of):
    return [{k: l.get(k, "") for k in ("rel", "href", "type", "length")} for l in of]


json.dump({
    "bozo": bool(d.bozo), "why": str(d.get("bozo_exception", "")), "version": d.version,
    "title": d.feed.get("title", ""), "id": d.feed.get("id", ""), "updated": d.feed.get("updated", ""), "links": links(d.feed.get("links", [])),
    "entries": [{
        "id": e.get("id", ""), "title": e.get("title", ""), "link": e.get("link", ""),
        "published": e.get("published", ""), "updated": e.get("updated", ""),
        "content": e.content[0].value if "content" in e else e.get("summary", ""), "enclosures": links(e.get("enclosures", [])),
    } for e in d.entries],
}, sys.stdout)
