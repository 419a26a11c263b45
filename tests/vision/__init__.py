"""Datasets, transforms, models and utils under torchvision's names."""
