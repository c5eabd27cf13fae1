"""Samples of the derived bulk operations, made of the samples of what they run."""

from manage_api.operations import all_operations, find
from tests.samples import Make, Sample, all_made, sample


def _of(resource: str) -> Make:
    action = "create" if find(resource, "create") else "set"

    def make() -> Sample:
        one = all_made()[f"{resource}.{action}"]()
        item = {"action": action, "params": {**one.path, **one.params}}
        bad = {"items": [{"action": "fly", "params": {}}]}
        also = (f"{resource}.{action}", *one.also)
        return Sample(params={"items": [item]}, bad=bad, again=one.again, also=also)

    return make


for _one in all_operations():
    if _one.action == "bulk":
        sample(_one.name)(_of(_one.resource))
