"""Can a window open here? Answered without Qt, because Qt aborts the process when it cannot."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import socket
import sys
from pathlib import Path

HEADLESS_PLATFORMS = ("offscreen", "minimal", "minimalegl", "vnc", "linuxfb", "eglfs", "vkkhrdisplay")

# Shared library -> the Debian and Ubuntu package that brings it.
GUI_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
XCB_LIBRARIES = {
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
}
WAYLAND_LIBRARIES = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}

_NO_QT = "the package PySide6-Essentials is missing: python -m pip install PySide6-Essentials"


def obstacle() -> str:
    """Why no window can open, with what to do, in one line; "" when one can.

    Sets QT_QPA_PLATFORM to the platform that was found to work when several could be tried.
    """
    problem = drawing_obstacle()
    if problem or not sys.platform.startswith("linux"):
        return problem
    platform, reason = _platform()
    if platform:
        os.environ.setdefault("QT_QPA_PLATFORM", platform)
    return reason


def window_obstacle() -> str:
    """As ``obstacle``, asked by a program that another process shall open the window for: Qt is not loaded and nothing is set here."""
    if importlib.util.find_spec("PySide6") is None or not sys.platform.startswith("linux"):
        return "" if importlib.util.find_spec("PySide6") is not None else _NO_QT
    return _missing(GUI_LIBRARIES) or _platform()[1]


def _platform() -> tuple[str, str]:
    """The platform of Linux that a window can open on, "" to leave it to Qt; why there is none."""
    wanted = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0].split(";")[0]
    if wanted in HEADLESS_PLATFORMS:
        return "", ""
    reasons = []
    order = ("wayland", "xcb") if os.environ.get("XDG_SESSION_TYPE") == "wayland" else ("xcb", "wayland")
    for platform in (wanted,) if wanted in order else order:
        reason = _xcb_obstacle() if platform == "xcb" else _wayland_obstacle()
        if not reason:
            return platform, ""
        reasons.append(reason)
    # A display that is there but lacks a library can be mended by one command: say that first.
    return "", min(reasons, key=lambda reason: "install" not in reason)


def drawing_obstacle() -> str:
    """Why not even a picture can be drawn here, with what to do; "" when it can. Imports QtGui, opens nothing."""
    if importlib.util.find_spec("PySide6") is None:
        return _NO_QT
    if sys.platform.startswith("linux"):
        missing = _missing(GUI_LIBRARIES)
        if missing:
            return missing
    try:
        import PySide6.QtWidgets  # noqa: F401
    except ImportError as error:
        return f"Qt cannot be loaded ({error}): install the system library that it names"
    return ""


def _missing(libraries: dict[str, str]) -> str:
    lacking = [name for name in libraries if not _loads(name)]
    if not lacking:
        return ""
    packages = " ".join(dict.fromkeys(libraries[name] for name in lacking))
    return f"{', '.join(lacking)} missing, which Qt needs: sudo apt install {packages}"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        # Qt's own wheel carries some libraries beside itself; those count too.
        return any((folder / library).exists() for folder in _qt_folders("lib"))
    return True


def _qt_folders(name: str) -> list[Path]:
    spec = importlib.util.find_spec("PySide6")
    roots = [Path(root) for root in (spec.submodule_search_locations or ())] if spec else []
    return [root / "Qt" / name for root in roots]


def _plugin_obstacle(name: str) -> str:
    for folder in _qt_folders("plugins/platforms"):
        plugin = folder / f"lib{name}.so"
        if plugin.exists():
            try:
                ctypes.CDLL(str(plugin))
            except OSError as error:
                library = str(error).split(":")[0]
                return f"{library} missing, which Qt needs for its window: install the package that brings {library}"
    return ""


def _xcb_obstacle() -> str:
    if not os.environ.get("DISPLAY"):
        return "no display (DISPLAY and WAYLAND_DISPLAY are not set): start it on a desktop or use ssh -X"
    problem = _missing(XCB_LIBRARIES) or _plugin_obstacle("qxcb")
    if problem:
        return problem
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    if failed:
        return f"the display {os.environ['DISPLAY']!r} does not answer: check DISPLAY, or use ssh -X"
    return ""


def _wayland_obstacle() -> str:
    name = os.environ.get("WAYLAND_DISPLAY")
    if not name:
        return "no display (DISPLAY and WAYLAND_DISPLAY are not set): start it on a desktop or use ssh -X"
    problem = _missing(WAYLAND_LIBRARIES) or _plugin_obstacle("qwayland")
    if problem:
        return problem
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        try:
            client.connect(os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), name))
        except OSError:
            return f"the display {name!r} does not answer: check WAYLAND_DISPLAY"
    return ""
