"""From the flow file to what each part of the flow asks for: technology, RTL, constraints, stimulus, sizing, floorplan."""
