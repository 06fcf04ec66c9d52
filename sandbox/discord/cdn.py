"""Files: attachments as they were uploaded, and a plain picture for every avatar."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.discord.world import World

_PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">
<rect width="8" height="8" fill="#5865f2"/><circle cx="4" cy="3" r="1.5" fill="#fff"/>
<path d="M1.5 8a2.5 2.5 0 0 1 5 0z" fill="#fff"/></svg>"""


def serve_files(world: World) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return the request function of `/cdn/…`."""

    async def serve(request: web.Request) -> web.Response:
        parts = request.match_info["tail"].split("/")
        if parts[0] != "attachments":
            return web.Response(text=_PICTURE, content_type="image/svg+xml")
        file = world.files.get(parts[2]) if len(parts) == 4 else None
        if file is None or file["filename"] != parts[3]:
            raise web.HTTPNotFound(text="no such file")
        # Uploaded bytes are never run: a page of somebody else's making stays text or a download.
        shown = file["content_type"].startswith(("text/plain", "image/png", "image/jpeg"))
        return web.Response(
            body=file["data"],
            headers={
                "Content-Type": file["content_type"],
                "Content-Disposition": "inline" if shown else "attachment",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "sandbox; default-src 'none'",
            },
        )

    return serve
