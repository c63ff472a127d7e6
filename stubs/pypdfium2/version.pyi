class _Version:
    flags: tuple[str, ...]

PDFIUM_INFO: _Version
