"""The int8 model as ONNX: written from the graph, in float between Q and DQ, or in integers to the bit."""
