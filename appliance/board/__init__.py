"""Buttons and lights. They know nothing of sessions: edges go out as events, and the light is told what to show."""
