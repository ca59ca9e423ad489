#pragma once

#include "jepa/core/api/error.h"
