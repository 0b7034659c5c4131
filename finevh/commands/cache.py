"""``finevh cache``: what the library cache holds, and room in it."""

from __future__ import annotations

from typing import Any

from finevh.technology.cache import cache_entries, cache_folder, cache_limit, clear_cache, prune_cache


def inspect_cache(prune: bool, clear: bool) -> dict[str, Any]:
    """Return folder, limit and entries (bytes), after removing what was asked for."""
    removed = clear_cache() if clear else prune_cache() if prune else []
    entries = cache_entries()
    return {
        "folder": str(cache_folder()),
        "limit_bytes": cache_limit(),
        "bytes": sum(entry.size for entry in entries),
        "entries": [{"file": entry.path.name, "bytes": entry.size} for entry in entries],
        "removed": [{"file": entry.path.name, "bytes": entry.size} for entry in removed],
    }


def cache_text(found: dict[str, Any]) -> str:
    """The cache for people."""
    used, limit = found["bytes"] / 1e6, found["limit_bytes"] / 1e6
    lines = [f"{found['folder']}: {len(found['entries'])} entries, {used:.1f} MB of {limit:.1f} MB"]
    lines += [f"  {entry['file']} {entry['bytes'] / 1e6:.1f} MB" for entry in found["entries"]]
    lines += [f"removed {entry['file']}, {entry['bytes'] / 1e6:.1f} MB" for entry in found["removed"]]
    return "\n".join(lines)
