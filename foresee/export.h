#pragma once

#include "jepa/core/api/export.h"
