"""Float Keras models to full-integer int8 .tflite by post-training quantization, and to ONNX."""
