"""The four tag filters that nova, keystone and neutron share: `tags`, `tags-any`, `not-tags`, `not-tags-any`."""

from collections.abc import Collection, Mapping

FILTERS = ("tags", "tags-any", "not-tags", "not-tags-any")


def chosen(query: Mapping[str, str], tags: Collection[str]) -> bool:
    """Whether a document with these tags passes the tag filters of a list's query."""
    wanted = {name: set(query[name].split(",")) for name in FILTERS if name in query}
    if not wanted:
        return True
    have = set(tags)
    return (
        wanted.get("tags", have) <= have
        and ("tags-any" not in wanted or bool(wanted["tags-any"] & have))
        and ("not-tags" not in wanted or not wanted["not-tags"] <= have)
        and not wanted.get("not-tags-any", set()) & have
    )
