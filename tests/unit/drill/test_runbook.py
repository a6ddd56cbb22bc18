import pytest

from drillyard.base.errors import UserError
from drillyard.drill.runbook import script_of

RUNBOOK = """\
# When the shop is away

```sh
echo not this
```

## Recovery

First the database.

```sh
shopctl stop postgres
```

### Then the rest

```shell
for each in valkey haproxy; do
    shopctl start "$each"
done
```

```sql
SELECT 'not this either';
```

    echo nor this

## Communication

```sh
echo "and not this"
```
"""


def test_the_shell_blocks_of_the_section_are_one_script_that_stops_at_an_error() -> None:
    assert script_of(RUNBOOK, "recovery") == (
        'set -eu\nshopctl stop postgres\nfor each in valkey haproxy; do\n    shopctl start "$each"\ndone\n'
    )


@pytest.mark.parametrize(
    "text", ["", "# Recovery\n\nCall somebody.\n", RUNBOOK.replace("Recovery", "Rescue")]
)
def test_a_runbook_that_says_nothing_to_run_is_told_how(text: str) -> None:
    with pytest.raises(UserError, match="no shell block") as caught:
        script_of(text, "Recovery")
    assert "```sh" in caught.value.next_step
