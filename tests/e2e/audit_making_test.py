"""No option of what makes corpora and models does nothing in silence."""

from audit_test import Audit
from program import main


class Making(Audit):
    def test_ingest(self):
        self.check_all("ingest")

    def test_train(self):
        self.check_all("train")


if __name__ == "__main__":
    main()
