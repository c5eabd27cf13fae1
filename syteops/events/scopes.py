"""The same rule as in `rights`, in the API's terms: a refusal names the scope that is missing."""

from collections.abc import Collection, Iterator

from manage_api.operations import Access, Operation, operations_on
from manage_api.principals import Principal
from syteops.events.catalogue import covered


def reads_needed(principal: Principal, patterns: Collection[str]) -> Iterator[Operation]:
    """For `effects`: a read of each resource of which these events tell.

    Of what the API does not read, the services say whether events may tell of it.
    """
    for resource in sorted(covered(patterns) or ()):
        reads = [one for one in operations_on(resource) if one.access is Access.READ]
        held = (one for one in reads if principal.may(one))
        yield from [next(held, reads[0])] if reads else []
