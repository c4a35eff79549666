"""The OpenVINO engine, which calls models and doesn't train them."""
