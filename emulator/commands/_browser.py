"""The console in the browser: its address, and opening it."""

from emulator.commands._printing import say


def console(url: str, token: str) -> str:
    """The address of the console of the server at `url`, with the token that it asks for, if there is one."""
    from urllib.parse import quote_plus

    return f"{url}/_emulator/" + (f"?token={quote_plus(token)}" if token else "")


def open_in_browser(address: str) -> None:
    """Open an address, in a thread: a browser that runs in the terminal would hold up the server."""
    import webbrowser
    from threading import Thread

    def opening() -> None:
        if not webbrowser.open(address):
            say(f"Warning: no browser could be opened; the console is at {address}", error=True)

    Thread(target=opening, daemon=True).start()
