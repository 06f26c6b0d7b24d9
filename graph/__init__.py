"""What a .tflite says."""
