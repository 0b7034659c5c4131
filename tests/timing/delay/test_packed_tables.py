"""Tables of a technology are packed once, and as long as it is there."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from finevh.technology import Technology
from finevh.timing.delay.packed_tables import pack_tables


def test_tables_are_packed_once_and_go_with_their_technology(two_supplies: Technology) -> None:
    own = replace(two_supplies)
    packed = weakref.ref(pack_tables(own))
    gc.collect()
    # Nobody but the technology keeps them.
    assert packed() is not None
    assert pack_tables(own) is packed()
    assert pack_tables(two_supplies) is not packed()
    del own
    gc.collect()
    assert packed() is None
