#pragma once

#include "jepa/core/api/weights.h"
