"""The flows image, whole: its version and inputs, built, proven, released, promoted, pools."""
