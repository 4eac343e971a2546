"""Reads the metadata of a GGUF file and writes the file with other metadata; tensors stay as they are."""

import struct

NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
STRING, ARRAY, BOOL = 8, 9, 7


class GgufFile:
    """`metadata`: {key: (type, value)}, of an array (ARRAY, (type of its elements, values)), in the order of the file."""

    def __init__(self, path):
        self.data = path.read_bytes()
        self.at = 4
        self.version, self.tensors, count = self._number("<I"), self._number("<Q"), self._number("<Q")
        self.metadata = {}
        for _ in range(count):
            key = self._string()
            kind = self._number("<I")
            self.metadata[key] = (kind, self._value(kind))
        begin = self.at
        self.places = {}  # of each tensor: where it begins in the body, and how many numbers it has
        for _ in range(self.tensors):
            name, size = self._string(), 1
            for _ in range(self._number("<I")):
                size *= self._number("<Q")
            self._number("<I")
            self.places[name] = self._number("<Q"), size
        self.infos = self.data[begin : self.at]
        self.alignment = self.metadata.get("general.alignment", (4, 32))[1]
        self.body = self.data[self._aligned(self.at) :]

    def scale(self, tensor, factor):
        """Multiplies a tensor of fp32."""
        begin, size = self.places[tensor]
        values = struct.unpack_from(f"<{size}f", self.body, begin)
        self.body = self.body[:begin] + struct.pack(f"<{size}f", *(factor * value for value in values)) + self.body[begin + 4 * size :]

    def write_changed(self, path, changed):
        """With other metadata; None removes a key."""
        metadata = {key: value for key, value in (self.metadata | changed).items() if value is not None}
        out = b"GGUF" + struct.pack("<IQQ", self.version, self.tensors, len(metadata))
        for key, (kind, value) in metadata.items():
            out += self._packed(STRING, key) + struct.pack("<I", kind) + self._packed(kind, value)
        out += self.infos
        path.write_bytes(out + bytes(self._aligned(len(out)) - len(out)) + self.body)

    def _aligned(self, at):
        return (at + self.alignment - 1) // self.alignment * self.alignment

    def _number(self, form):
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def _string(self):
        size = self._number("<Q")
        self.at += size
        return self.data[self.at - size : self.at].decode()

    def _value(self, kind):
        if kind == STRING:
            return self._string()
        if kind == ARRAY:
            inner, count = self._number("<I"), self._number("<Q")
            return inner, [self._value(inner) for _ in range(count)]
        return self._number(NUMBERS[kind])

    def _packed(self, kind, value):
        if kind == STRING:
            data = value.encode()
            return struct.pack("<Q", len(data)) + data
        if kind == ARRAY:
            inner, values = value
            return struct.pack("<IQ", inner, len(values)) + b"".join(self._packed(inner, one) for one in values)
        return struct.pack(NUMBERS[kind], value)
