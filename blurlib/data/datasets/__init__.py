"""Datasets: patches of blurred pictures, built on disk once and checked whenever they are read."""
