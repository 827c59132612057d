"""The look of every widget: one theme at one lecture scale, and the style sheet made of them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont, QIcon, QPixmap

from guigrad.paths import resources
from guigrad.ui import icons
from guigrad.ui.theme import TEXT_PX, Theme, code_font, load_fonts, text_font


@dataclass(frozen=True)
class Look:
    """A theme at a scale; every size in the window comes from ``px``."""

    theme: Theme
    scale: float = 1.0

    def px(self, size: float) -> int:
        """A length at this scale. Units: px."""
        return max(1, round(size * self.scale))

    def color(self, token: str, opacity: float = 1.0) -> QColor:
        """A token's colour."""
        return self.theme.color(token, opacity)

    def css(self, token: str) -> str:
        """A token's colour as a style sheet writes it."""
        return self.theme.colors[token]

    def text(self, size: float = TEXT_PX, weight: int = 400) -> QFont:
        """The font of words."""
        return text_font(size * self.scale, weight)

    def code(self, size: float = TEXT_PX, weight: int = 400) -> QFont:
        """The font of code and numbers."""
        return code_font(size * self.scale, weight)

    def icon(self, name: str, token: str = "text") -> QIcon:
        """An icon in a token's colour."""
        return icons.icon(name, self.css(token), self.css("text_faint"))

    def pixmap(self, name: str, size: float, token: str = "text", ratio: float = 1.0) -> QPixmap:
        """An icon as a pixmap."""
        return icons.pixmap(name, self.css(token), self.px(size), ratio)


def stylesheet(look: Look) -> str:
    """The style sheet of the whole program."""
    px, css = look.px, look.css
    code = load_fonts()[1]
    name = "check-dark" if look.theme.dark else "check-light"  # by its shape too it is told that a box is ticked
    tick = (resources() / "icons" / f"{name}.svg").as_posix()
    return f"""
* {{ outline: none; }}
QWidget {{ color: {css("text")}; }}
QMainWindow, QDialog {{ background: {css("window")}; }}
QMenuBar {{ background: {css("window")}; padding: 0 {px(6)}px; border-bottom: 1px solid {css("border")}; }}
QMenuBar::item {{ padding: {px(4)}px {px(9)}px; background: transparent; border-radius: {px(5)}px; }}
QMenuBar::item:selected {{ background: {css("hover")}; }}
QMenu {{ background: {css("raised")}; border: 1px solid {css("border_strong")}; padding: {px(4)}px; }}
QMenu::item {{ padding: {px(5)}px {px(24)}px {px(5)}px {px(10)}px; border-radius: {px(5)}px; }}
QMenu::icon {{ padding-left: {px(8)}px; }}
QMenu::item:selected {{ background: {css("accent_soft")}; }}
QMenu::item:disabled {{ color: {css("text_faint")}; }}
QMenu::separator {{ height: 1px; background: {css("border")}; margin: {px(4)}px {px(6)}px; }}
QToolTip {{ background: {css("tooltip")}; color: {css("text")}; border: 1px solid {css("border_strong")};
  padding: {px(4)}px {px(7)}px; }}
QSplitter::handle {{ background: {css("border")}; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QSplitter::handle:vertical {{ height: 1px; }}
QSplitter::handle:hover {{ background: {css("accent")}; }}
QScrollArea, QScrollArea > QWidget > QWidget#page {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: {px(10)}px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: {px(10)}px; margin: 0; }}
QScrollBar::handle {{ background: {css("scrollbar")}; border-radius: {px(3)}px; margin: {px(2)}px; }}
QScrollBar::handle:vertical {{ min-height: {px(24)}px; }}
QScrollBar::handle:horizontal {{ min-width: {px(24)}px; }}
QAbstractScrollArea::corner {{ background: transparent; border: none; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QLineEdit, QPlainTextEdit#field, QSpinBox, QDoubleSpinBox, QComboBox {{ background: {css("input")};
  border: 1px solid {css("border")}; border-radius: {px(6)}px; padding: {px(4)}px {px(8)}px;
  selection-background-color: {css("accent")}; selection-color: {css("text_on_accent")}; }}
QLineEdit:focus, QPlainTextEdit#field:focus, QComboBox:focus, QSpinBox:focus {{ border-color: {css("accent")}; }}
QAbstractSpinBox QLineEdit {{ background: transparent; border: none; padding: 0; }}
QAbstractSpinBox[plain="true"]::up-button, QAbstractSpinBox[plain="true"]::down-button {{ width: 0; border: none; }}
QLineEdit[invalid="true"], QPlainTextEdit[invalid="true"] {{ border-color: {css("failed")}; }}
QLineEdit:disabled, QComboBox:disabled {{ color: {css("text_faint")}; }}
QComboBox {{ padding-right: {px(20)}px; }}
QComboBox::drop-down {{ border: none; width: {px(18)}px; }}
QComboBox::down-arrow {{ image: none; width: 0; height: 0; }}
QPlainTextEdit#field[mono="true"], QLineEdit[mono="true"] {{ font-family: "{code}"; }}
QComboBox QAbstractItemView {{ background: {css("raised")}; border: 1px solid {css("border_strong")};
  selection-background-color: {css("accent_soft")}; selection-color: {css("text")}; outline: none; }}
QCheckBox {{ spacing: {px(7)}px; }}
QCheckBox::indicator {{ width: {px(14)}px; height: {px(14)}px; border: 1px solid {css("border_strong")};
  border-radius: {px(4)}px; background: {css("input")}; }}
QCheckBox::indicator:checked {{ background: {css("accent")}; border-color: {css("accent")}; image: url("{tick}"); }}
QCheckBox:focus::indicator {{ border-color: {css("focus")}; }}
QPushButton, QToolButton {{ background: {css("raised")}; border: 1px solid {css("border")}; border-radius: {px(6)}px;
  padding: {px(5)}px {px(11)}px; font-weight: 600; }}
QPushButton:hover, QToolButton:hover {{ background: {css("hover")}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {css("pressed")}; }}
QPushButton:focus, QToolButton:focus {{ border-color: {css("focus")}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {css("text_faint")}; }}
QPushButton[role="primary"] {{ background: {css("accent")}; color: {css("text_on_accent")}; border-color: {css("accent")}; }}
QPushButton[role="primary"]:hover {{ background: {css("accent_hover")}; }}
QPushButton[role="primary"]:disabled {{ background: {css("raised")}; color: {css("text_faint")}; border-color: {css("border")}; }}
QPushButton[role="flat"], QToolButton[role="flat"] {{ background: transparent; border-color: transparent; font-weight: 500; }}
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover {{ background: {css("hover")}; }}
QPushButton[role="flat"]:focus, QToolButton[role="flat"]:focus {{ border-color: {css("focus")}; }}
QPushButton[role="link"] {{ background: transparent; border: 1px solid transparent; color: {css("accent")};
  padding: {px(1)}px {px(2)}px; text-align: left; }}
QPushButton[role="link"]:hover {{ text-decoration: underline; }}
QPushButton[role="link"]:focus {{ border-color: {css("focus")}; }}
QPushButton[role="edge"] {{ background: {css("panel")}; border: none; border-radius: 0; color: {css("text")};
  padding: 0 {px(5)}px; min-width: {px(10)}px; }}
QFrame#card QPushButton[role="edge"] {{ background: {css("raised")}; }}
QPushButton[role="edge"]:hover {{ background: {css("hover")}; }}
QPushButton[role="chip"] {{ background: {css("raised")}; font-weight: 600; }}
QPushButton[role="chip"]:checked {{ background: {css("grad_soft")}; color: {css("grad")}; border-color: {css("grad_soft")}; }}
QTabBar {{ background: {css("panel")}; }}
QTabBar::tab {{ background: transparent; color: {css("text_muted")}; padding: {px(7)}px {px(12)}px {px(6)}px {px(12)}px;
  border-bottom: 2px solid transparent; font-weight: 500; }}
QTabBar::tab:selected {{ color: {css("text")}; border-bottom-color: {css("accent")}; }}
QTabBar::tab:hover {{ color: {css("text")}; }}
QTabBar::tab:focus {{ color: {css("focus")}; }}
QTabBar::scroller {{ width: {px(28)}px; }}
QTabBar QToolButton {{ background: {css("panel")}; border: none; border-left: 1px solid {css("border")}; padding: 0; }}
QTabBar QToolButton:hover {{ background: {css("hover")}; }}
QTabWidget::pane {{ border: none; }}
QTreeView, QListView, QTableView {{ background: {css("panel")}; border: none; outline: none;
  selection-background-color: {css("accent_soft")}; selection-color: {css("text")}; }}
QTreeWidget::item, QListWidget::item {{ padding: {px(4)}px {px(4)}px; border: none; }}
QTreeWidget::item:selected, QListWidget::item:selected {{ background: {css("accent_soft")}; color: {css("text")}; }}
QTreeWidget:focus, QListWidget:focus {{ border: 1px solid {css("focus")}; }}
QHeaderView::section {{ background: {css("panel")}; color: {css("text_muted")}; border: none; padding: {px(4)}px; }}
QTableCornerButton::section {{ background: transparent; border: none; }}
QPlainTextEdit#code {{ background: {css("panel")}; border: none; font-family: "{code}"; padding: {px(6)}px;
  selection-background-color: {css("accent_soft")}; selection-color: {css("text")}; }}
QStatusBar {{ background: {css("window")}; border-top: 1px solid {css("border")}; color: {css("text_muted")}; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ color: {css("text_muted")}; padding: {px(2)}px {px(10)}px; }}
QLabel[role="muted"] {{ color: {css("text_muted")}; }}
QLabel[role="faint"] {{ color: {css("text_faint")}; }}
QLabel[role="heading"] {{ color: {css("text_muted")}; font-size: {px(10.5)}px; font-weight: 600; }}
QLabel[role="title"] {{ font-size: {px(18)}px; font-weight: 700; }}
QLabel[role="logo"] {{ font-size: {px(15)}px; font-weight: 700; }}
QLabel[role="code"] {{ font-family: "{code}"; }}
QLabel[role="error"] {{ color: {css("failed")}; }}
QLabel[role="grad"] {{ color: {css("grad")}; }}
QLabel[role="warning"] {{ color: {css("warning")}; font-weight: 600; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QFrame#topbar {{ background: {css("window")}; border: none; border-bottom: 1px solid {css("border")}; }}
QFrame#rail {{ background: {css("panel")}; border: none; border-top: 1px solid {css("border")}; }}
QFrame#crumbs {{ background: {css("panel")}; border: none; border-bottom: 1px solid {css("border")}; }}
QFrame#side {{ background: {css("panel")}; border: none; }}
QFrame#card {{ background: {css("raised")}; border: 1px solid {css("border")}; border-radius: {px(8)}px; }}
QFrame#warn {{ background: {css("warning_soft")}; border: none; border-radius: {px(8)}px; }}
QFrame#fail {{ background: {css("failed_soft")}; border: none; border-radius: {px(8)}px; }}
QFrame#line {{ background: {css("raised")}; border: 1px solid transparent; border-radius: {px(4)}px; }}
QFrame#line:focus {{ border-color: {css("focus")}; }}
"""
