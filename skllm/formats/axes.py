"""How the axes of recordings lie in ours (x to the viewer's right, y up, z away), named by what is up and where people face.

Each is [3 3], to be applied as `xyz @ AXES`: columns are our x, y and z in the file's axes. All mirror, since ours is a left-handed frame.
"""

import numpy as np

KINECT = np.diag([-1.0, 1.0, 1.0])                       # y up, z away from the sensor, whose x grows to its left
Y_UP_FACING_Z = np.diag([1.0, 1.0, -1.0])                # HumanML3D, glTF, most BVH
Y_UP_FACING_X = np.array([[0, 0, -1.0], [0, 1.0, 0], [-1.0, 0, 0]])        # DeepMimic
Z_UP_FACING_X = np.array([[0, 0, -1.0], [1.0, 0, 0], [0, 1.0, 0]])         # Plug-in-Gait, robots at rest
Z_UP_FACING_MINUS_Y = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]])    # AMASS
KINECT_CONFIDENCE = np.array([0.0, 0.5, 1.0])            # of a joint that is not tracked, inferred, tracked
