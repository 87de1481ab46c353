"""A scheme of one's own, answered by a function, and an interceptor. `python examples/custom_scheme.py [URL]`"""

from __future__ import annotations

import sys

from netstack_sync import HandlerAnswer, HandlerRequest, Session

NOTES = {"memo:shopping": b"bread, milk"}


def memo(request: HandlerRequest) -> HandlerAnswer:  # on a worker thread, which may wait
    if request.method == "PUT":
        NOTES[request.url] = request.body
    if request.url not in NOTES:
        return HandlerAnswer(b"no such note", status=404)
    return HandlerAnswer(NOTES[request.url], headers={"Content-Type": "text/plain"})


def no_network(request: HandlerRequest) -> HandlerAnswer | None:
    if request.url.startswith("http"):
        return HandlerAnswer(b"we are offline", status=503)
    return None  # whoever comes next


def main(urls: list[str]) -> None:
    with Session(schemes={"memo": memo}, interceptors=[no_network]) as session:
        session.put("memo:work", content=b"call back")
        for url in urls:
            response = session.get(url)
            print(response.status_code, response.text)


if __name__ == "__main__":
    main(sys.argv[1:] or ["memo:shopping", "memo:work", "memo:none", "https://example.com/"])
