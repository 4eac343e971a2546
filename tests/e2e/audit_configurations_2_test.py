"""No key of a model's config.json is ignored in silence: part 2 of 3 of the families."""

from audit_fields_test import FieldsTest
from program import TINY, main


class Configurations(FieldsTest):
    """A test for each family."""


for path in sorted(TINY.glob("*/config.json"))[1::3]:
    family = path.parent.name
    setattr(Configurations, f"test_{family}", lambda self, family=family: self.check_json(family, "config.json"))


if __name__ == "__main__":
    main()
