"""REACHING OUT: SDKs wrapped; our types out, UpstreamError on failure."""
