"""`python -m quantize onnx FLOAT ...` is `sixmeg onnx FLOAT ...`."""

from sixmeg import main

main()
