"""A real browser for tests: the system's Chromium without a window, spoken to through its DevTools protocol."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
)  # fmt: skip
WAIT_SECONDS_MAX = 20.0
POLL_SECONDS = 0.05
ANSWER_BYTES_MAX = 64 * 1_048_576
TABS_MAX = 60
KEYS = {"Tab": 9, "Enter": 13, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}


def chromium() -> str | None:
    """Return where Chromium is, None when there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Tab:
    """One page of the browser; `complaints` is what the page wrote to its console as errors."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._count = 0
        self.complaints: list[str] = []

    async def listen(self) -> None:
        """Take in what the browser says, until it says no more."""
        async for message in self._socket:
            said = json.loads(message.data)
            waiting = self._answers.pop(said.get("id", 0), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(said)
            if said.get("method") == "Log.entryAdded":
                self._note(said["params"]["entry"])
            if said.get("method") == "Page.javascriptDialogOpening":
                self._send("Page.handleJavaScriptDialog", accept=True)

    def _note(self, entry: dict[str, Any]) -> None:
        if entry["level"] == "error" and entry["source"] != "network":  # refusals are pages too
            self.complaints.append(entry["text"])

    def _send(self, method: str, **params: object) -> asyncio.Future[dict[str, Any]]:
        self._count += 1
        answer = self._answers[self._count] = asyncio.get_running_loop().create_future()
        self._sending = asyncio.ensure_future(
            self._socket.send_json({"id": self._count, "method": method, "params": params})
        )
        return answer

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Call a method of the protocol."""
        said = await asyncio.wait_for(self._send(method, **params), WAIT_SECONDS_MAX)
        assert "error" not in said, f"{method}: {said.get('error')}"
        return said["result"]

    async def open(self, url: str) -> None:
        """Go to a page, and wait until it is there."""
        await self.run("window.leaving = true")
        await self.ask("Page.navigate", url=url)
        await self.until("!window.leaving && document.readyState === 'complete'")

    async def run(self, script: str) -> Any:  # noqa: ANN401 - JSON is anything
        """Return what an expression is worth on the page."""
        result = await self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, condition: str) -> None:
        """Return when a condition holds on the page, whichever page it is by then."""
        deadline = asyncio.get_running_loop().time() + WAIT_SECONDS_MAX
        while True:
            with suppress(AssertionError):  # a page that is being left answers nothing
                if await self.run(condition):
                    return
            assert asyncio.get_running_loop().time() < deadline, f"never so: {condition}\n{await self.text()}"
            await asyncio.sleep(POLL_SECONDS)

    async def text(self) -> str:
        """Return what can be read on the page."""
        return await self.run("document.body.innerText")

    async def until_it_says(self, text: str) -> None:
        await self.until(f"document.body.innerText.includes({json.dumps(text)})")

    async def click(self, selector: str) -> None:
        """Click with the mouse on the first element that fits."""
        await self.until(f"!!document.querySelector({json.dumps(selector)})")
        place = await self.run(
            f"(e => {{e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect();"
            f" return [r.x + r.width / 2, r.y + r.height / 2]}})(document.querySelector({json.dumps(selector)}))"
        )
        for kind in ("mousePressed", "mouseReleased"):
            x, y = place
            await self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def type(self, selector: str, text: str) -> None:
        """Type into a field in place of what stood there."""
        await self.until(f"!!document.querySelector({json.dumps(selector)})")
        await self.run(f"(e => {{e.focus(); e.select && e.select()}})(document.querySelector({json.dumps(selector)}))")
        await self.ask("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        """Press a key that types nothing."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            said = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key], **(text if kind == "keyDown" else {})}
            await self.ask("Input.dispatchKeyEvent", type=kind, **said)

    async def tab_to(self, selector: str) -> None:
        """Go on from where the keyboard is until an element that fits has it."""
        for _ in range(TABS_MAX):
            await self.press("Tab")
            if await self.run(f"!!document.activeElement?.matches({json.dumps(selector)})"):
                return
        raise AssertionError(f"the keyboard does not reach {selector}")

    async def choose(self, selector: str, value: str) -> None:
        """Choose an option."""
        await self.until(f"!!document.querySelector({json.dumps(selector)})")
        script = "(e, v) => {e.value = v; e.dispatchEvent(new Event('change', {bubbles: true}))}"
        await self.run(f"({script})(document.querySelector({json.dumps(selector)}), {json.dumps(value)})")

    async def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """Make the page as large as a screen, in the light of its owner."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.ask("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, file: Path) -> None:
        """Save what can be seen."""
        shot = await self.ask("Page.captureScreenshot", format="png")
        await asyncio.to_thread(file.write_bytes, base64.b64decode(shot["data"]))


@asynccontextmanager
async def browsing(profile: Path) -> AsyncIterator[Tab]:
    """Start a browser with a profile of its own, and yield its only page."""
    path = chromium()
    assert path is not None, "ask chromium() first"
    process = await asyncio.create_subprocess_exec(
        path, *OPTIONS, f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        port = await asyncio.wait_for(_port(profile), WAIT_SECONDS_MAX)
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(await _address(http, port), max_msg_size=0) as socket,
        ):
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            for domain in ("Page", "Log", "Runtime"):
                await tab.ask(f"{domain}.enable")
            yield tab
            listening.cancel()
    finally:
        process.terminate()
        await process.wait()


async def _port(profile: Path) -> str:
    file = profile / "DevToolsActivePort"
    while not (file.exists() and "\n" in file.read_text()):  # noqa: ASYNC110 - the browser tells nobody
        await asyncio.sleep(POLL_SECONDS)
    return file.read_text().splitlines()[0]


async def _address(http: aiohttp.ClientSession, port: str) -> str:
    async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
        return next(each["webSocketDebuggerUrl"] for each in await answer.json() if each["type"] == "page")
