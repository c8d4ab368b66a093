"""What the tests make texts and embeddings of."""

WORDS = (
    "open close read write file socket list sort search query document index vector train encode decode "
    "parse split join path name string number date time thread lock queue stack tree graph hash map set "
    "add remove find count first last next return value error test check load save copy move delete"
).split()
DIMENSION = 32
