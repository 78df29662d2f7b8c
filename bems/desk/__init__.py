"""The operators' desk: points, settings and alarms in people's hands, and what taking over is likely to cost."""
